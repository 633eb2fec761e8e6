// The store's directories: making one durably, finding a free name, and removing what the manifest
// does not name. Private to the folder.
#pragma once

#include "store/context.h"

#include <string>

namespace reviver::store {

// The name is durable in every directory from the store's root on when this returns.
void make_directory(Context& context, const sys::Path& path);
// The first life of the name that nothing lies under and the manifest does not know.
std::string free_collection_directory(Context& context, CollectionId collection);
std::string free_disk_directory(Context& context, const CollectionRow& collection,
                                const DiskKey& key);
// Removes our files that the manifest does not name, everywhere in the store. Names that are not
// ours are left alone.
void remove_orphans(Context& context);
// Removes our files from a collection's directory, and the directories that get empty.
void remove_collection_files(Context& context, const std::string& directory);
// The same for the directory of one disk, "<vm>/<target>".
void remove_disk_files(Context& context, const std::string& collection_directory,
                       const std::string& disk_directory);

}  // namespace reviver::store
