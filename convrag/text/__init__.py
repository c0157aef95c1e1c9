"""Text in any language: keys that compare, language, sentences and words, and documents as text."""
