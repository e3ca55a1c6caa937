-- A file has one process, which holds a lock on its directory: there are no others to write down.
SELECT 1;
