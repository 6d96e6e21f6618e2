"""Export: services as Wrangler projects, and what to know before they leave."""
