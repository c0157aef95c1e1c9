"""The kept conversations: one SQLite file, safe against a kill at any moment."""

from convrag.sessions.export import EXPORT_SCHEMA
from convrag.sessions.records import SessionInfo
from convrag.sessions.store import SessionStore

__all__ = ["EXPORT_SCHEMA", "SessionInfo", "SessionStore"]
