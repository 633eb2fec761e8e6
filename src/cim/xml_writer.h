// XML out: a writer that cannot forget to escape.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace reviver::cim {

std::string escape_xml(
    std::string_view text);  // for text and attributes; what XML 1.0 cannot hold becomes "?"

// Writes elements in document order: XmlWriter w; w.open("a").attribute("x",
// "1").text("...").close(); w.take(); Names come from the program, never from a client.
class XmlWriter {
  public:
    XmlWriter& open(std::string_view name);
    XmlWriter& attribute(std::string_view name, std::string_view value);  // right after open()
    XmlWriter& text(std::string_view text);
    XmlWriter& markup(std::string_view finished_xml);  // that another writer wrote
    XmlWriter& close();
    XmlWriter& element(std::string_view name, std::string_view text);  // open, text, close

    std::string take();  // everything is closed

  private:
    void finish_start();

    std::string out_;
    std::vector<std::string> open_;
    bool in_start_ = false;
};

}  // namespace reviver::cim
