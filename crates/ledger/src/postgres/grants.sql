GRANT USAGE ON SCHEMA ledger TO program;
GRANT SELECT ON ledger.format, ledger.entry, ledger.content, ledger.file TO program;
GRANT INSERT ON ledger.entry, ledger.content, ledger.file TO program;
GRANT EXECUTE ON FUNCTION ledger.erase(TEXT) TO program;
