-- Compute a view anew with the rights of the function's owner, for a role that owns nothing.
SELECT racing.refresh_view(%(view)s::regclass)
