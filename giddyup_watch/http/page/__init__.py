"""The status page: one self-contained document for a person, and the parts of it that change."""
