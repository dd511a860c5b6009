SELECT source, line, reason, text FROM rejects ORDER BY source, line
