"""Workers defined elsewhere, in Wrangler projects and in other notebooks."""
