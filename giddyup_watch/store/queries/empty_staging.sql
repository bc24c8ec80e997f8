-- Leave nothing behind in staging; TRUNCATE gives the space back in the same transaction.
TRUNCATE staging.races, staging.runners, staging.names, staging.pedigrees
