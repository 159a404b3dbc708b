-- Nothing: this number is another change's.
DO $$ BEGIN NULL; END $$;
