"""What a commune, a venue, a scan and a rate is; knows no page, no command and no user's file."""
