-- What no model can say: kind, schema, table, name, definition.
SELECT
    'trigger', trigger_schema, event_object_table, trigger_name,
    concat_ws(' ', action_timing, event_manipulation, action_order, action_statement)
FROM information_schema.triggers
WHERE trigger_schema IN ({schemas})
UNION ALL
SELECT
    lower(routine_type), routine_schema, NULL, routine_name,
    concat_ws(' ', dtd_identifier, sql_data_access, is_deterministic, security_type, routine_definition)
FROM information_schema.routines
WHERE routine_schema IN ({schemas})
UNION ALL
SELECT
    'event', event_schema, NULL, event_name,
    concat_ws(' ', event_type, execute_at, interval_value, interval_field, status, on_completion, event_definition)
FROM information_schema.events
WHERE event_schema IN ({schemas})
ORDER BY 1, 2, 3, 4
