"""The OpenAPI document, and an example of every answer."""
