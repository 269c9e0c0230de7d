"""The papers an applicant signs, as PDF bytes. Needs no database."""
