-- As little as a durable commit can be.
INSERT INTO bare_commit (at) VALUES (now());
