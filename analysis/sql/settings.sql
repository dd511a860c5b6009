-- Nothing is fetched from anywhere, and nothing is kept.
SET autoinstall_known_extensions = false;
SET autoload_known_extensions = false;
SET memory_limit = {{literal .Memory}};
SET threads = {{.Threads}};
SET temp_directory = {{literal .Temp}};
SET preserve_insertion_order = false;
SET TimeZone = 'UTC';
