"""Resident ID-card readers (二代身份证阅读器): the SAM serial protocol and the four cards' layouts."""
