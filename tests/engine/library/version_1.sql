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
INSERT INTO "cameras" VALUES('01M81FYXAVEPTA59Q9WF26WEYJ','Back',1,23178);
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
    search_text TEXT NOT NULL
) STRICT;
INSERT INTO "clips" VALUES('8112bad732fe49b090c9922ec8da0b14','31c4afa7d9e740ae9e1e7fef0d441449','01M81FYXAVEPTA59Q9WF26WEYJ','AWS 111122223333 (eu-west-1)','kinesis','Back','Back',1795344826000,1795344828000,2000,'parcel','complete','/media-of-released/clip_download/Back/2026-11-22/2026-11-22_02-53-46_parcel.mp4',23178,'130e7959c6dfebf0a6d5c6ac2952948efa3ad9ebc8f76aba735ea32e75b5bc9b','h264','aac',160,120,'[]','[]',1795346627936,'[]',1,1795346627881127023,'2026-11-22','back parcel complete 2026-11-22');
CREATE TABLE days (
    account_id TEXT NOT NULL,
    camera_id TEXT NOT NULL,
    day TEXT NOT NULL,
    clips INTEGER NOT NULL,
    PRIMARY KEY (account_id, camera_id, day)
) STRICT, WITHOUT ROWID;
INSERT INTO "days" VALUES('01M81FYXAVEPTA59Q9WF26WEYJ','Back','2026-11-22',1);
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
INSERT INTO "jobs" VALUES('31c4afa7d9e740ae9e1e7fef0d441449','01M81FYXAVEPTA59Q9WF26WEYJ','Back','Back',1795344826000,1795344828000,1795346626200,1795347226200,'/media-of-released','clip_download/Back/2026-11-22/2026-11-22_02-53-46_parcel','parcel',0,'{"audio": true, "codec": null, "frame_rate": null, "width": null, "height": null, "timestamps": null}','[]','saved','[{"id": "8112bad732fe49b090c9922ec8da0b14", "job_id": "31c4afa7d9e740ae9e1e7fef0d441449", "account_id": "01M81FYXAVEPTA59Q9WF26WEYJ", "account_name": "AWS 111122223333 (eu-west-1)", "source": "kinesis", "camera_id": "Back", "camera_name": "Back", "start_ms": 1795344826000, "end_ms": 1795344828000, "duration_ms": 2000, "label": "parcel", "status": "complete", "path": "/media-of-released/clip_download/Back/2026-11-22/2026-11-22_02-53-46_parcel.mp4", "size_bytes": 23178, "sha256": "130e7959c6dfebf0a6d5c6ac2952948efa3ad9ebc8f76aba735ea32e75b5bc9b", "video_codec": "h264", "audio_codec": "aac", "width": 160, "height": 120, "events": "[]", "gaps": "[]", "saved_at_ms": 1795346627936, "saves": "[]", "kept": false, "modified_ns": 1795346627881127023}]',NULL,'[]',0,4102444800000);
INSERT INTO "jobs" VALUES('47d868c330c94e1caf82983c7655e1f1','01M81FYXAVEPTA59Q9WF26WEYJ','Back','Back',1795341226000,1795341227000,1795346628073,1795347228073,'/media-of-released','clip_download/Back/2026-11-22/2026-11-22_01-53-46','',0,'{"audio": true, "codec": null, "frame_rate": null, "width": null, "height": null, "timestamps": null}','[]','failed','[]','{"name": "CameraSettingError", "key": "no_retention", "placeholders": {}}','[]',0,4102444800000);
CREATE TABLE mounts (path TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
CREATE TABLE polls (
    account_id TEXT NOT NULL,
    camera_id TEXT NOT NULL,
    until_ms INTEGER NOT NULL,
    PRIMARY KEY (account_id, camera_id)
) STRICT, WITHOUT ROWID;
INSERT INTO "polls" VALUES('01M81FYVZPT5ZZRH4C7YR5C4F2','3861978',1795346625193);
INSERT INTO "polls" VALUES('01M81FYWSRZFXTTKV33X70G2EM','ava1.ring.device.00000000000000000001',1795346625444);
CREATE TABLE tasks (
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    PRIMARY KEY (kind, subject)
) STRICT, WITHOUT ROWID;
CREATE INDEX jobs_by_account ON jobs (account_id, state, asked_at_ms);
CREATE INDEX clips_by_camera ON clips (account_id, camera_id, start_ms, id);
CREATE INDEX clips_by_day ON clips (account_id, camera_id, day, start_ms, id);
CREATE INDEX clips_by_saving ON clips (account_id, camera_id, saved_at_ms, start_ms);
CREATE INDEX clips_by_time ON clips (start_ms, id);
CREATE INDEX clips_by_age ON clips (kept, saved_at_ms, id);
CREATE INDEX clips_by_age_in_account ON clips (account_id, kept, saved_at_ms, id);
CREATE INDEX clips_by_text ON clips (start_ms, search_text, kept, account_id, camera_id);
CREATE TRIGGER clip_added AFTER INSERT ON clips BEGIN
    INSERT INTO cameras
        VALUES (NEW.account_id, NEW.camera_id, 1, NEW.size_bytes)
        ON CONFLICT DO UPDATE SET
            clips = clips + 1, size_bytes = size_bytes + excluded.size_bytes;
    INSERT INTO days
        VALUES (NEW.account_id, NEW.camera_id, NEW.day, 1)
        ON CONFLICT DO UPDATE SET clips = clips + 1;
END;
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
END;
CREATE INDEX events_by_state ON events (account_id, state, start_ms);
CREATE INDEX events_of_back_fill ON events (account_id, state, tries, start_ms)
    WHERE in_back_fill;
COMMIT;
PRAGMA user_version = 1;
