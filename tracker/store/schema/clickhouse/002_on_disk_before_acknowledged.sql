-- needs: 20.10
-- An insert is acknowledged only when its part is on disk: without these a power cut takes back what was trimmed elsewhere.
ALTER TABLE tracker.clicks MODIFY SETTING fsync_after_insert = 1, fsync_part_directory = 1;
ALTER TABLE tracker.postbacks MODIFY SETTING fsync_after_insert = 1, fsync_part_directory = 1;
ALTER TABLE tracker.conversion_revisions MODIFY SETTING fsync_after_insert = 1, fsync_part_directory = 1;
ALTER TABLE tracker.conversion_lines MODIFY SETTING fsync_after_insert = 1, fsync_part_directory = 1;
