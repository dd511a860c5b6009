-- The look-ups of CAA at the names themselves by OpenINTEL's conventions: a row for each record of the answer, or one row without a
-- record where there was none; names with the final dot; timestamp in milliseconds, rtt in seconds. OpenINTEL does not climb, so
-- what a name inherits is not here: a name has CAA in this view if the set stands at the name itself, or where an alias leads from it.
CREATE OR REPLACE VIEW {{ident .Name}} AS
WITH looked AS (
    SELECT query_name, source_list, worker_id, "timestamp", caa, caa_ttl, caa_via_alias, climb[1].outcome AS outcome, climb[1].security AS security, climb[1].alias_to AS alias_to,
        -- the deciding level is the name itself: then its aliases are known one by one, and its round-trip time
        coalesce(caa_status = 'found' AND caa_depth = 0, false) AS own,
        CASE WHEN caa_status = 'none' OR caa_depth = 0 OR climb[1].outcome NOT IN ('found', 'nodata', 'nxdomain') THEN rtt_us / 1e6 END AS rtt,
        CASE WHEN climb[1].alias_to IS NULL THEN []::VARCHAR[] WHEN caa_status = 'none' OR caa_depth = 0 THEN cname_chain ELSE [climb[1].alias_to] END AS chain
    FROM {{ident .Domains}} WHERE caa_status IS NOT NULL
), answers AS (
    -- the records
    SELECT *, 'CAA' AS response_type, coalesce(caa_via_alias, query_name) AS response_name, caa_ttl AS response_ttl, NULL AS cname_name, unnest(caa) AS rr FROM looked WHERE own
    UNION ALL
    -- the aliases on the way: of a name whose aliases are not known one by one, a row for all of them
    SELECT * EXCLUDE (link), 'CNAME', link.owner, NULL, link.target, NULL
    FROM (SELECT *, unnest(list_transform(chain, lambda target, i: {'owner': if(i = 1, query_name, chain[i - 1]), 'target': target})) AS link
        FROM looked WHERE outcome IN ('found', 'nodata', 'nxdomain'))
    UNION ALL
    -- nothing, or a failure
    SELECT *, NULL, NULL, NULL, NULL, NULL FROM looked WHERE NOT own AND (len(chain) = 0 OR outcome NOT IN ('found', 'nodata', 'nxdomain'))
), rows_of AS (
    SELECT 'CAA' AS query_type, query_name || '.' AS query_name, response_type, response_name || '.' AS response_name, response_ttl,
        epoch_ms("timestamp") AS "timestamp", rtt, worker_id,
        CASE outcome WHEN 'found' THEN 0 WHEN 'nodata' THEN 0 WHEN 'nxdomain' THEN 3 WHEN 'formerr' THEN 1 WHEN 'notimp' THEN 4 WHEN 'refused' THEN 5
            WHEN 'timeout' THEN 65535 WHEN 'unreachable' THEN 65535 ELSE 2 END AS status_code,
        CASE security WHEN 'secure' THEN 1 WHEN 'insecure' THEN 0 END AS ad_flag,
        cname_name || '.' AS cname_name, rr.flags AS caa_flags, rr.tag AS caa_tag, rr.value AS caa_value,
        source_list AS source, year(looked."timestamp") AS year, month(looked."timestamp") AS month, day(looked."timestamp") AS day
    FROM answers AS looked
)
SELECT {{range $i, $c := .Columns}}{{if $i}}, {{end}}{{if $c.Doc}}{{ident $c.Name}}{{else}}NULL{{end}}::{{$c.Type}} AS {{ident $c.Name}}{{end}}
FROM rows_of;
COMMENT ON VIEW {{ident .Name}} IS 'the look-ups of CAA at the names themselves, in the columns and by the conventions of OpenINTEL';
{{range .Columns}}COMMENT ON COLUMN {{ident $.Name}}.{{ident .Name}} IS {{if .Doc}}{{literal .Doc}}{{else}}'not measured, always NULL'{{end}};
{{end}}
