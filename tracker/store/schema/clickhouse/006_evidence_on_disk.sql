-- needs: 20.10
-- As 002 for the tables before it.
ALTER TABLE tracker.tag_reports MODIFY SETTING fsync_after_insert = 1, fsync_part_directory = 1;
-- The click that started over is asked for among all clicks of a session's time.
ALTER TABLE tracker.clicks ADD INDEX IF NOT EXISTS by_superseded supersedes TYPE bloom_filter(0.01) GRANULARITY 4;
