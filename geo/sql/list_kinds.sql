-- Kinds of venue by name: code, name (Vietnamese), name_en.
SELECT code, name_vi AS name, name_en FROM venue_kind ORDER BY name_vi
