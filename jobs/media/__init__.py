"""Files in, files out: probing, remuxing, posters and renditions with ffmpeg."""
