"""From a campaign to complete run folders; starts nothing."""
