-- No row has a dispute yet. This takes no lock that holds anybody up.

ALTER TABLE payments VALIDATE CONSTRAINT payments_dispute_check;
