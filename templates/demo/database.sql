CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL, CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num));
INSERT INTO alembic_version VALUES ('1a2b3c4d5e6f');

CREATE TABLE assignments (
    id INTEGER NOT NULL,
    resource VARCHAR(100) NOT NULL,
    starts_at DATETIME DEFAULT CURRENT_TIMESTAMP NOT NULL,
    PRIMARY KEY (id)
);
INSERT INTO assignments (resource) VALUES ('press 1'), ('press 2'), ('lathe');

CREATE TABLE application_settings (
    id INTEGER NOT NULL,
    name VARCHAR(50) NOT NULL,
    owner_id INTEGER,
    PRIMARY KEY (id),
    UNIQUE (name),
    FOREIGN KEY (owner_id) REFERENCES assignments (id)
);
INSERT INTO application_settings (name, owner_id) VALUES ('plant north', 1), ('plant south', NULL);
