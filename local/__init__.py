"""Google Cloud and Mixpanel on a laptop: strict emulators that break on purpose."""
