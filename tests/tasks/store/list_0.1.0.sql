-- The list of tasks as version 0.1.0 wrote it, word by word. It is never changed: users have such files.
BEGIN TRANSACTION;
CREATE TABLE counter (revision INTEGER NOT NULL);
INSERT INTO "counter" VALUES(8);
CREATE TABLE history (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    task_id TEXT NOT NULL,
    at_s REAL NOT NULL,
    level TEXT NOT NULL,
    template TEXT NOT NULL,
    args TEXT NOT NULL
);
INSERT INTO "history" VALUES(1,'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb',1795984406.5,'INFO','Accepted by the service as task {uuid}.','{"uuid": "UUID-WAITING"}');
CREATE TABLE removed (id TEXT PRIMARY KEY, revision INTEGER NOT NULL);
INSERT INTO "removed" VALUES('99999999999999999999999999999999',8);
CREATE TABLE tasks (
    id TEXT PRIMARY KEY,
    task_uuid TEXT UNIQUE,
    client_order_id TEXT NOT NULL,
    stage TEXT NOT NULL,
    flow TEXT NOT NULL,
    name TEXT NOT NULL,
    created_at_s REAL NOT NULL,
    updated_at_s REAL NOT NULL,
    following INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    owner TEXT,
    lease_until_s REAL NOT NULL DEFAULT 0,
    data TEXT NOT NULL
, title TEXT NOT NULL DEFAULT '', words TEXT NOT NULL DEFAULT '', cost_credits INTEGER, scene_id TEXT NOT NULL DEFAULT '', session TEXT NOT NULL DEFAULT '', file TEXT NOT NULL DEFAULT '');
INSERT INTO "tasks" VALUES('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',NULL,'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa','queued','text-to-model','Ein Brunnen',1700000097.0,1795984406.5,1,1,NULL,1795984406.5,'{"params":{"prompt":"a stone well tris:1k","polygon_limit":1000},"sources":{},"file_keys":{},"origin":{"session":"s1","file":"/home/u/Brunnen \u00e4.blend","scene_id":"c1","scene_name":"Scene"},"placement":{"location":[1.0,2.0,0.5],"height":2.0,"on_ground":true,"placeholder":"Cube","placeholder_uid":7,"session":"s1","keep_placeholder":false,"replaces":null,"instead_of":"","unit_m":0.01,"frames_per_s":25.0,"merge":true,"smooth_deg":30},"links":{}}','ein brunnen','ein brunnen a stone well tris:1k text-to-model',NULL,'c1','s1','/home/u/Brunnen ä.blend');
INSERT INTO "tasks" VALUES('bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb','UUID-WAITING','bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb','waiting','text-to-model','Ein Brunnen',1700000098.0,1795984406.5,1,2,NULL,1795984406.5,'{"params":{"prompt":"a stone well tris:1k","polygon_limit":1000},"sources":{},"file_keys":{},"service_status":"RUNNING","progress":40,"submitted_at_s":1700000001.0,"cost_credits":20,"note":{"template":"Waits for {what}.","args":{"what":"you"}},"read_header":"x-triverse-read","links":{}}','ein brunnen','ein brunnen a stone well tris:1k text-to-model uuid-waiting',20,'','','');
INSERT INTO "tasks" VALUES('cccccccccccccccccccccccccccccccc','u-ready','cccccccccccccccccccccccccccccccc_r2','imported','text-to-model','Ein Brunnen',1700000099.0,1795984406.5,1,3,NULL,1795984406.5,'{"params":{"prompt":"a stone well tris:1k","polygon_limit":1000},"sources":{},"file_keys":{},"imported_at_s":1700000009.0,"folder":"/home/u/models/c","model_path":"/home/u/models/c/model.glb","blend_path":"/home/u/models/c/model.blend","blend_sha256":"abababababababababababababababababababababababababababababababab","collection_name":"Ein Brunnen","triangles":1000,"links":{}}','ein brunnen','ein brunnen a stone well tris:1k text-to-model u-ready',NULL,'','','');
INSERT INTO "tasks" VALUES('dddddddddddddddddddddddddddddddd','u-failed','dddddddddddddddddddddddddddddddd','failed','text-to-model','Ein Brunnen',1700000100.0,1795984406.5,1,4,NULL,1795984406.5,'{"params":{"prompt":"a stone well tris:1k","polygon_limit":1000},"sources":{},"file_keys":{},"error":{"template":"No room.","args":{}},"error_code":5,"failed_stage":"downloading","attempts":3,"links":{"textured":"https://x.invalid/a","preview":"https://x.invalid/p"}}','ein brunnen','ein brunnen a stone well tris:1k text-to-model u-failed',NULL,'','','');
INSERT INTO "tasks" VALUES('eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee','u-refused','eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee','failed','text-to-model','Ein Brunnen',1700000101.0,1795984406.5,1,5,NULL,1795984406.5,'{"params":{"prompt":"a stone well tris:1k","polygon_limit":1000},"sources":{},"file_keys":{},"error":{"template":"Triverse could not make this model. Its credits were released.","args":{}},"error_code":2008,"error_message":"content","error_suggestion":"other words","failed_stage":"waiting","is_settled":true,"links":{}}','ein brunnen','ein brunnen a stone well tris:1k text-to-model u-refused',NULL,'','','');
INSERT INTO "tasks" VALUES('ffffffffffffffffffffffffffffffff','u-texture','ffffffffffffffffffffffffffffffff','ready','text-to-texture','Ein Brunnen',1700000102.0,1795984406.5,0,6,NULL,1795984406.5,'{"params":{"prompt":"a stone well tris:1k","polygon_limit":1000},"sources":{"model_file":"/home/u/models/in.glb"},"file_keys":{"model_file":"k-1"},"placement":{"location":[0.0,0.0,0.0],"height":null,"on_ground":false,"placeholder":"","placeholder_uid":0,"session":"s1","keep_placeholder":false,"replaces":{"names":["Cube","Cube.001"],"matrix":[1.0,0.0,0.0,0.0,0.0,1.0,0.0,0.0,0.0,0.0,1.0,0.0,0.0,0.0,0.0,1.0],"low":[-1.0,-1.0,-1.0],"high":[1.0,1.0,1.0],"uids":[11,12]},"instead_of":"","unit_m":1.0,"frames_per_s":24.0,"merge":false,"smooth_deg":0},"found_at_s":1700000003.0,"links":{}}','ein brunnen','ein brunnen a stone well tris:1k text-to-texture u-texture',NULL,'','','');
CREATE INDEX tasks_by_stage ON tasks (stage, created_at_s DESC);
CREATE INDEX tasks_by_revision ON tasks (revision);
CREATE INDEX tasks_by_order ON tasks (client_order_id);
CREATE INDEX tasks_by_owner ON tasks (owner);
CREATE INDEX history_by_task ON history (task_id, id);
CREATE INDEX tasks_by_time ON tasks (
    created_at_s DESC, id, stage, following, cost_credits, scene_id, session, file, title, words
);
COMMIT;
PRAGMA user_version = 2;
