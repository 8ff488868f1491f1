-- What each caller had painted: see src/darkroom/stores/history.py.

-- The number that a caller's latest picture got. None is given twice, so that a listing can be told
-- from what came after it.
CREATE TABLE history_callers (
  scope TEXT NOT NULL PRIMARY KEY,
  last_number INTEGER NOT NULL
) WITHOUT ROWID;

-- `scope` is a digest of the caller's credentials, `fields` JSON, `media` the picture's name in the
-- bucket, and `own` 1 where it is kept for the history alone.
CREATE TABLE history (
  scope TEXT NOT NULL,
  number INTEGER NOT NULL,
  id INTEGER NOT NULL,
  timestamp REAL NOT NULL,
  fields TEXT NOT NULL,
  media TEXT,
  own INTEGER NOT NULL,
  url TEXT,
  PRIMARY KEY (scope, number)
) WITHOUT ROWID;

-- To find an item by its id, and to count without reading the fields.
CREATE INDEX history_by_id ON history (scope, id);

-- To see whether a picture is in anybody's history still.
CREATE INDEX history_by_media ON history (media) WHERE media IS NOT NULL;
