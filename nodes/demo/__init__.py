"""The demo model: a text-to-image model trained by this project on pictures it draws itself."""
