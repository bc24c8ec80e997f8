-- Say that the known views are being built anew, or not any more.
SELECT racing.begin_derived(%(building)s)
