-- The look-ups of one measurement in the order of names.
SELECT key, type, moment, source, line, told FROM looks WHERE period = {{.}} ORDER BY key, type, moment, source, line
