"""Workers as they are written elsewhere: in Wrangler projects and in other notebooks."""
