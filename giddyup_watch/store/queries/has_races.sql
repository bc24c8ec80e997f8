-- Whether the facts hold any race.
SELECT EXISTS (SELECT FROM racing.races)
