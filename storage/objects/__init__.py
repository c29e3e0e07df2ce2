"""Files behind one protocol (`storage.objects.base.ObjectStore`): a local folder or Supabase."""
