BEGIN TRANSACTION;
CREATE TABLE back_fills (
    account_id TEXT NOT NULL,
    camera_id TEXT NOT NULL,
    start_ms INTEGER NOT NULL,
    end_ms INTEGER NOT NULL,
    PRIMARY KEY (account_id, camera_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE cameras (
    account_id TEXT NOT NULL,
    camera_id TEXT NOT NULL,
    clips INTEGER NOT NULL,
    size_bytes INTEGER NOT NULL,
    PRIMARY KEY (account_id, camera_id)
) STRICT, WITHOUT ROWID;
INSERT INTO "cameras" VALUES('01M81T8RPNST60YWJKA65WQ10Q','Back',1,23203);
CREATE TABLE clip_groups (
    id INTEGER PRIMARY KEY,
    account_id TEXT NOT NULL,
    camera_id TEXT NOT NULL,
    label TEXT NOT NULL,
    status TEXT NOT NULL,
    kept INTEGER NOT NULL,
    kinds TEXT NOT NULL,
    seen TEXT NOT NULL,
    search_text TEXT NOT NULL,
    clips INTEGER NOT NULL,
    UNIQUE (account_id, camera_id, search_text, label, status, kept, kinds, seen)
) STRICT;
INSERT INTO "clip_groups" VALUES(2,'01M81T8RPNST60YWJKA65WQ10Q','Back','parcel','complete',1,'[]','[]','back parcel complete kept',1);
CREATE TABLE clips (
    id TEXT PRIMARY KEY,
    job_id TEXT NOT NULL,
    account_id TEXT NOT NULL,
    account_name TEXT NOT NULL,
    source TEXT NOT NULL,
    camera_id TEXT NOT NULL,
    camera_name TEXT NOT NULL,
    start_ms INTEGER NOT NULL,
    end_ms INTEGER NOT NULL,
    duration_ms INTEGER NOT NULL,
    label TEXT NOT NULL,
    status TEXT NOT NULL,
    path TEXT NOT NULL UNIQUE,
    size_bytes INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    video_codec TEXT NOT NULL,
    audio_codec TEXT,
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    events TEXT NOT NULL,
    gaps TEXT NOT NULL,
    saved_at_ms INTEGER NOT NULL,
    saves TEXT NOT NULL,
    kept INTEGER NOT NULL,
    modified_ns INTEGER NOT NULL,
    day TEXT NOT NULL,
    group_id INTEGER NOT NULL
) STRICT;
INSERT INTO "clips" VALUES('54e6ff0258af425eb799a821e7156320','860d40513ff84ee493e1dee68f994d84','01M81T8RPNST60YWJKA65WQ10Q','AWS 111122223333 (eu-west-1)','kinesis','Back','Back',1795355634000,1795355636000,2000,'parcel','complete','/media-of-released/clip_download/Back/2026-11-22/2026-11-22_05-53-54_parcel.mp4',23203,'7d92a99cc175a4426c14d19836a3aeac7c4771948f917b2dda1fc8f012f0099c','h264','aac',160,120,'[]','[]',1795357435031,'[]',1,1795357434977517813,'2026-11-22',2);
CREATE TABLE days (
    account_id TEXT NOT NULL,
    camera_id TEXT NOT NULL,
    day TEXT NOT NULL,
    clips INTEGER NOT NULL,
    PRIMARY KEY (account_id, camera_id, day)
) STRICT, WITHOUT ROWID;
INSERT INTO "days" VALUES('01M81T8RPNST60YWJKA65WQ10Q','Back','2026-11-22',1);
CREATE TABLE events (
    account_id TEXT NOT NULL,
    camera_id TEXT NOT NULL,
    id TEXT NOT NULL,
    kind TEXT NOT NULL,
    seen TEXT NOT NULL,
    start_ms INTEGER NOT NULL,
    end_ms INTEGER NOT NULL,
    is_ready INTEGER NOT NULL,
    state TEXT NOT NULL,
    clip_id TEXT,
    tries INTEGER NOT NULL DEFAULT 0,
    next_try_ms INTEGER NOT NULL DEFAULT 0,
    in_back_fill INTEGER NOT NULL DEFAULT 0,
    error TEXT,
    PRIMARY KEY (account_id, camera_id, id)
) STRICT, WITHOUT ROWID;
CREATE TABLE jobs (
    id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL,
    camera_id TEXT NOT NULL,
    camera_name TEXT NOT NULL,
    start_ms INTEGER NOT NULL,
    end_ms INTEGER NOT NULL,
    asked_at_ms INTEGER NOT NULL,
    give_up_at_ms INTEGER NOT NULL,
    root TEXT NOT NULL,
    filename TEXT NOT NULL,
    label TEXT NOT NULL,
    overwrite INTEGER NOT NULL,
    media_options TEXT NOT NULL,
    events TEXT NOT NULL,
    state TEXT NOT NULL,
    clips TEXT NOT NULL,
    error TEXT,
    working_folders TEXT NOT NULL,
    starts INTEGER NOT NULL,
    updated_at_ms INTEGER NOT NULL
) STRICT;
INSERT INTO "jobs" VALUES('860d40513ff84ee493e1dee68f994d84','01M81T8RPNST60YWJKA65WQ10Q','Back','Back',1795355634000,1795355636000,1795357434635,1795358034635,'/media-of-released','clip_download/Back/2026-11-22/2026-11-22_05-53-54_parcel','parcel',0,'{"audio": true, "codec": null, "frame_rate": null, "width": null, "height": null, "timestamps": null}','[]','saved','[{"id": "54e6ff0258af425eb799a821e7156320", "job_id": "860d40513ff84ee493e1dee68f994d84", "account_id": "01M81T8RPNST60YWJKA65WQ10Q", "account_name": "AWS 111122223333 (eu-west-1)", "source": "kinesis", "camera_id": "Back", "camera_name": "Back", "start_ms": 1795355634000, "end_ms": 1795355636000, "duration_ms": 2000, "label": "parcel", "status": "complete", "path": "/media-of-released/clip_download/Back/2026-11-22/2026-11-22_05-53-54_parcel.mp4", "size_bytes": 23203, "sha256": "7d92a99cc175a4426c14d19836a3aeac7c4771948f917b2dda1fc8f012f0099c", "video_codec": "h264", "audio_codec": "aac", "width": 160, "height": 120, "events": "[]", "gaps": "[]", "saved_at_ms": 1795357435031, "saves": "[]", "kept": false, "modified_ns": 1795357434977517813}]',NULL,'[]',0,4102444800000);
INSERT INTO "jobs" VALUES('541a597c12ff4a8a94e6ba734114d2d0','01M81T8RPNST60YWJKA65WQ10Q','Back','Back',1795352034000,1795352035000,1795357435117,1795358035117,'/media-of-released','clip_download/Back/2026-11-22/2026-11-22_04-53-54','',0,'{"audio": true, "codec": null, "frame_rate": null, "width": null, "height": null, "timestamps": null}','[]','failed','[]','{"name": "CameraSettingError", "key": "no_retention", "placeholders": {}}','[]',0,4102444800000);
CREATE TABLE mounts (path TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
CREATE TABLE polls (
    account_id TEXT NOT NULL,
    camera_id TEXT NOT NULL,
    until_ms INTEGER NOT NULL,
    PRIMARY KEY (account_id, camera_id)
) STRICT, WITHOUT ROWID;
INSERT INTO "polls" VALUES('01M81T8R02R488DV123JGBW07J','3861978',1795357434030);
INSERT INTO "polls" VALUES('01M81T8RDKQKY5GDQD4M8YGQQZ','ava1.ring.device.00000000000000000001',1795357434336);
CREATE TABLE tasks (
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    PRIMARY KEY (kind, subject)
) STRICT, WITHOUT ROWID;
CREATE INDEX jobs_by_account ON jobs (account_id, state, asked_at_ms);
CREATE INDEX jobs_by_time ON jobs (account_id, asked_at_ms);
CREATE INDEX jobs_ended ON jobs (updated_at_ms) WHERE state IN ('saved', 'failed');
CREATE INDEX days_by_day ON days (day);
CREATE INDEX clips_by_camera ON clips (account_id, camera_id, start_ms, id);
CREATE INDEX clips_by_day ON clips (account_id, camera_id, day, start_ms, id);
CREATE INDEX clips_by_saving ON clips (account_id, camera_id, saved_at_ms, start_ms);
CREATE INDEX clips_by_time ON clips (start_ms, id, end_ms);
CREATE INDEX clips_by_age ON clips (kept, saved_at_ms, id);
CREATE INDEX clips_by_age_in_account ON clips (account_id, kept, saved_at_ms, id);
CREATE INDEX clips_by_group ON clips (group_id, start_ms, id, end_ms);
CREATE TRIGGER clip_removed AFTER DELETE ON clips BEGIN
    UPDATE cameras SET clips = clips - 1, size_bytes = size_bytes - OLD.size_bytes
        WHERE account_id = OLD.account_id AND camera_id = OLD.camera_id;
    DELETE FROM cameras
        WHERE account_id = OLD.account_id AND camera_id = OLD.camera_id
        AND clips = 0;
    UPDATE days SET clips = clips - 1
        WHERE account_id = OLD.account_id AND camera_id = OLD.camera_id
        AND day = OLD.day;
    DELETE FROM days
        WHERE account_id = OLD.account_id AND camera_id = OLD.camera_id
        AND day = OLD.day AND clips = 0;
    UPDATE clip_groups SET clips = clips - 1 WHERE id = OLD.group_id;
    DELETE FROM clip_groups WHERE id = OLD.group_id AND clips = 0;
END;
CREATE TRIGGER clip_regrouped AFTER UPDATE OF group_id ON clips
    WHEN OLD.group_id != NEW.group_id BEGIN
    UPDATE clip_groups SET clips = clips + 1 WHERE id = NEW.group_id;
    UPDATE clip_groups SET clips = clips - 1 WHERE id = OLD.group_id;
    DELETE FROM clip_groups WHERE id = OLD.group_id AND clips = 0;
END;
CREATE INDEX events_by_state ON events (account_id, state, start_ms);
CREATE INDEX events_of_back_fill ON events (account_id, state, tries, start_ms)
    WHERE in_back_fill;
COMMIT;
PRAGMA user_version = 2;
