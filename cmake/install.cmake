# What `cmake --install` puts where: the two programs, their manuals, the schema for CIM clients, and the unit for systemd.
# Everything is below the prefix, so a staged installation (DESTDIR) is one that runs.
include(GNUInstallDirs)

install(TARGETS reviver reviverd RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
foreach(manual reviver.1 reviver.toml.5 reviverd.8)
  string(REGEX MATCH "[0-9]$" section ${manual})
  install(FILES man/${manual} DESTINATION ${CMAKE_INSTALL_MANDIR}/man${section})
endforeach()
install(DIRECTORY schema/ DESTINATION ${CMAKE_INSTALL_DATADIR}/reviver/schema FILES_MATCHING PATTERN "*.mof")
install(FILES README.md LICENSE CHANGELOG.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
configure_file(setup/reviverd.service.in ${CMAKE_BINARY_DIR}/reviverd.service @ONLY)
install(FILES ${CMAKE_BINARY_DIR}/reviverd.service DESTINATION lib/systemd/system)
