-- Every value that does not fit the grammar of its tag.
SELECT DISTINCT tag, value FROM set_records WHERE syntax = 'malformed' ORDER BY tag, value
