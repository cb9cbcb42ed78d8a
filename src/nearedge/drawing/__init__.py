"""What figures and terminals share: style, atoms around a site, progress bars."""
