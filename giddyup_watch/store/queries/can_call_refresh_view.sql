-- Whether this role may have views refreshed for it. False when the function is not there.
SELECT coalesce(
  has_function_privilege(to_regprocedure('racing.refresh_view(regclass, boolean)'), 'EXECUTE'),
  false
)
