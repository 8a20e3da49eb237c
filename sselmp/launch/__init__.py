"""Starting and watching programs in run folders; the only place with subprocess."""
