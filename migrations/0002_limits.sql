-- Gateway keys, what was painted, and what is kept: see src/darkroom/stores/.

-- Keys that were handed out, by their SHA-256 digests. `models` and `providers` are lists in JSON,
-- times seconds since 1970. One that was ended stays, so that its usage keeps a name.
CREATE TABLE gateway_keys (
  id TEXT NOT NULL PRIMARY KEY,
  digest TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  models TEXT NOT NULL,
  providers TEXT NOT NULL,
  images_per_day INTEGER,
  requests_per_minute INTEGER,
  expires_at REAL,
  created_at REAL NOT NULL,
  ended_at REAL
) WITHOUT ROWID;

-- How many pictures were painted, by day of UTC, key, model and provider.
CREATE TABLE usage (
  day TEXT NOT NULL,
  key TEXT NOT NULL,
  model TEXT NOT NULL,
  provider TEXT NOT NULL,
  images INTEGER NOT NULL,
  PRIMARY KEY (day, key, model, provider)
) WITHOUT ROWID;

-- What is kept in the bucket, by its name there, whose it is, and until when.
CREATE TABLE kept (
  name TEXT NOT NULL PRIMARY KEY,
  owner TEXT NOT NULL,
  bytes INTEGER NOT NULL,
  until REAL NOT NULL
) WITHOUT ROWID;

-- To find what is over.
CREATE INDEX kept_by_until ON kept (until);

-- The sums of each owner, which the triggers hold; those of everybody are under an empty name.
CREATE TABLE kept_sums (
  owner TEXT NOT NULL PRIMARY KEY,
  bytes INTEGER NOT NULL,
  objects INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TRIGGER kept_added AFTER INSERT ON kept BEGIN
  INSERT INTO kept_sums (owner, bytes, objects) VALUES (NEW.owner, NEW.bytes, 1), ('', NEW.bytes, 1)
  ON CONFLICT (owner) DO UPDATE SET bytes = bytes + excluded.bytes, objects = objects + 1;
END;

CREATE TRIGGER kept_changed AFTER UPDATE ON kept BEGIN
  UPDATE kept_sums SET bytes = bytes - OLD.bytes + NEW.bytes WHERE owner IN (NEW.owner, '');
END;

CREATE TRIGGER kept_removed AFTER DELETE ON kept BEGIN
  UPDATE kept_sums SET bytes = bytes - OLD.bytes, objects = objects - 1
  WHERE owner IN (OLD.owner, '');
  DELETE FROM kept_sums WHERE owner = OLD.owner AND objects <= 0;
END;

-- To find the entries of histories that are too old.
CREATE INDEX history_by_time ON history (timestamp);
