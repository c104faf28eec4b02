"""The persona's voice: trained, proved, compared, promoted and taken back."""
