-- Forget views that are no longer there, or no longer rest on our tables.
DELETE FROM racing.derived_views WHERE view_name <> ALL (%(known)s::text[])
