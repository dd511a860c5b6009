-- Nothing is fetched from anywhere, and nothing is kept.
SET autoinstall_known_extensions = false;
SET autoload_known_extensions = false;
SET memory_limit = {{literal .Memory}};
SET threads = {{.Threads}};
SET temp_directory = {{literal .Temp}};
SET preserve_insertion_order = false;
SET TimeZone = 'UTC';

-- What look-ups showed. key orders names so that each stands before all below it; told is the rest of what is known (look.go).
CREATE TABLE looks (period INTEGER, key BLOB, type INTEGER, moment BIGINT, source INTEGER, line BIGINT, told BLOB);

-- Lines that cannot be read.
CREATE TABLE rejects (source INTEGER, line BIGINT, reason VARCHAR, text VARCHAR);
