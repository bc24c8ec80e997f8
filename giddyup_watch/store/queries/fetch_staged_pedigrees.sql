-- The key of each staged pedigree's bloodline, null where there is none.
SELECT sire, dam, damsire, id FROM staging.pedigrees
