"""The translation server: exported models behind the APIs that people already use."""
