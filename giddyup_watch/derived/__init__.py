"""What is computed from the facts: materialized views, found in the catalog and kept up."""
