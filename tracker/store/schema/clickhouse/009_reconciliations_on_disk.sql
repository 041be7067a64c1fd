-- needs: 20.10
-- As 002 for the tables before it.
ALTER TABLE tracker.reconciliation_lines MODIFY SETTING fsync_after_insert = 1, fsync_part_directory = 1;
