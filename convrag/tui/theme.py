"""The two themes of convrag; Textual's own ones can be chosen as well."""

from __future__ import annotations

from textual.theme import Theme

DARK = Theme(
    name="convrag-dark",
    primary="#6cb6ff",
    secondary="#7fd1c0",
    accent="#e5b567",
    foreground="#d7dde6",
    background="#12151b",
    surface="#171b22",
    panel="#20262f",
    success="#83d191",
    warning="#e5b567",
    error="#ff8278",
    dark=True,
    variables={
        "dim": "#8b95a5",
        "rule": "#2c3440",
        "mark": "bold underline #f3cd8b",
        "footer-key-foreground": "#6cb6ff",
        "footer-description-foreground": "#aab3c0",
        "footer-background": "#12151b",
        "scrollbar": "#333c49",
        "scrollbar-hover": "#46525f",
        "scrollbar-active": "#6cb6ff",
        "scrollbar-background": "#12151b",
        "scrollbar-background-hover": "#12151b",
        "scrollbar-background-active": "#12151b",
        "scrollbar-corner-color": "#12151b",
        "block-cursor-blurred-background": "#20262f",
    },
)

LIGHT = Theme(
    name="convrag-light",
    primary="#0a5fa3",
    secondary="#0d6d60",
    accent="#8a5200",
    foreground="#22262c",
    background="#fdfcf9",
    surface="#f5f3ee",
    panel="#e8e4db",
    success="#1f7a34",
    warning="#8a5200",
    error="#b3261e",
    dark=False,
    variables={
        "dim": "#5d6570",
        "rule": "#d5d0c4",
        "mark": "bold underline #8a5200",
        "footer-key-foreground": "#0a5fa3",
        "footer-description-foreground": "#4a515b",
        "footer-background": "#fdfcf9",
        "scrollbar": "#cfc9bb",
        "scrollbar-hover": "#b5ae9d",
        "scrollbar-active": "#0a5fa3",
        "scrollbar-background": "#fdfcf9",
        "scrollbar-background-hover": "#fdfcf9",
        "scrollbar-background-active": "#fdfcf9",
        "scrollbar-corner-color": "#fdfcf9",
        "block-cursor-blurred-background": "#e8e4db",
    },
)

THEMES = (DARK, LIGHT)
