#include "cim/mof_parser.h"

#include "base/bytes.h"
#include "base/error.h"
#include "cim/limits.h"
#include "cim/mof_lexer.h"
#include "cim/names.h"
#include "cim/value_text.h"

#include <fmt/format.h>

#include <set>

namespace reviver::cim {

namespace {

class Parser {
  public:
    Parser(std::string file, std::string_view text) : lexer_(std::move(file), text) {}

    bool at_end() const { return lexer_.peek().word == MofWord::end; }
    bool at_name(std::string_view name) const {
        return lexer_.peek().word == MofWord::name && same_name(lexer_.peek().text, name);
    }
    bool at_pragma() const { return lexer_.peek().word == MofWord::pragma; }

    // #pragma name ("text"): its name and text.
    std::pair<std::string, std::string> pragma() {
        lexer_.take();
        expect_name("pragma");
        std::string name = take_name();
        expect("(");
        std::string text = take_string();
        expect(")");
        return {std::move(name), std::move(text)};
    }

    // Qualifier Key : boolean = false, Scope(property), Flavor(...);
    void qualifier_declaration() {
        expect_name("Qualifier");
        take_name();
        expect(":");
        while (!at_mark(";")) {
            if (at_end()) lexer_.fail_here("the declaration has no end");
            lexer_.take();
        }
        expect(";");
    }

    Qualifiers qualifiers() {
        Qualifiers result;
        if (!take_mark("[")) return result;
        do {
            std::string name = take_name();
            result.set(std::move(name), qualifier_value());
            skip_flavors();
        } while (take_mark(","));
        expect("]");
        return result;
    }

    Class class_declaration(Qualifiers its_qualifiers) {
        Class result;
        result.qualifiers = std::move(its_qualifiers);
        expect_name("class");
        result.name = take_name();
        if (take_mark(":")) result.superclass = take_name();
        expect("{");
        while (!at_mark("}")) feature(result);
        expect("}");
        expect(";");
        return result;
    }

    Instance instance(std::size_t depth) {
        if (depth > limits::mof_depth_max) lexer_.fail_here("instances are nested too deeply");
        expect_name("instance");
        expect_name("of");
        Instance result(take_name());
        if (at_name("as")) {
            lexer_.take();
            expect("$");
            take_name();
        }
        expect("{");
        while (!at_mark("}")) {
            qualifiers();
            const std::string name = take_name();
            expect("=");
            if (result.find(name)) lexer_.fail_here(name + " is set twice");
            result.set(name, any_value(depth));
            expect(";");
        }
        expect("}");
        if (depth == 0) expect(";");
        return result;
    }

    [[noreturn]] void unexpected(std::string_view wanted) {
        lexer_.fail_here(
            fmt::format("expected {}, found \"{}\"", wanted, beginning_of(lexer_.peek().text, 60)));
    }

  private:
    bool at_mark(std::string_view mark) const {
        return lexer_.peek().word == MofWord::mark && lexer_.peek().text == mark;
    }
    bool take_mark(std::string_view mark) {
        if (!at_mark(mark)) return false;
        lexer_.take();
        return true;
    }
    void expect(std::string_view mark) {
        if (!take_mark(mark)) unexpected(fmt::format("\"{}\"", mark));
    }
    void expect_name(std::string_view name) {
        if (!at_name(name)) unexpected(name);
        lexer_.take();
    }
    std::string take_name() {
        if (lexer_.peek().word != MofWord::name) unexpected("a name");
        return lexer_.take().text;
    }
    std::string take_string() {
        if (lexer_.peek().word != MofWord::string) unexpected("a string");
        return lexer_.take().text;
    }

    // Name, Name(value), Name{value, value}
    Value qualifier_value() {
        if (at_mark("{")) return array_value(0);
        if (!take_mark("(")) return true;
        Value value = scalar_value(0);
        expect(")");
        return value;
    }

    // Name : ToSubclass Translatable
    void skip_flavors() {
        if (!take_mark(":")) return;
        while (lexer_.peek().word == MofWord::name) lexer_.take();
    }

    // The type word and what follows it of a property, method or parameter: "uint32 ", "CIM_Job REF
    // ".
    void type_of(Element& element) {
        std::string word = take_name();
        if (at_name("REF")) {
            lexer_.take();
            element.type = Type::reference;
            element.ref_class = std::move(word);
            return;
        }
        const auto type = type_named(word);
        if (!type || *type == Type::reference || *type == Type::instance) {
            lexer_.fail_here(word + " is no type");
        }
        element.type = *type;
    }

    void array_suffix(Element& element) {
        if (!take_mark("[")) return;
        if (lexer_.peek().word == MofWord::number) lexer_.take();
        expect("]");
        element.array = true;
    }

    void feature(Class& owner) {
        Element head;
        head.qualifiers = qualifiers();
        type_of(head);
        head.name = take_name();
        if (take_mark("(")) {
            owner.own_methods.push_back(method(std::move(head)));
        } else {
            owner.own_properties.push_back(property(std::move(head)));
        }
        expect(";");
    }

    Method method(Element head) {
        Method result{std::move(head), {}, {}};
        while (!at_mark(")")) {
            Parameter parameter;
            parameter.qualifiers = qualifiers();
            type_of(parameter);
            parameter.name = take_name();
            array_suffix(parameter);
            if (result.find(parameter.name)) lexer_.fail_here(parameter.name + " comes twice");
            result.parameters.push_back(std::move(parameter));
            if (!take_mark(",")) break;
        }
        expect(")");
        return result;
    }

    Property property(Element head) {
        Property result{std::move(head), {}, {}};
        array_suffix(result);
        if (take_mark("=")) result.default_value = typed(result, any_value(0));
        return result;
    }

    // The default of a property, in its type.
    Value typed(const Property& declared, const Value& value) {
        if (value.is_null() || value.is_array() || declared.type == value.type()) return value;
        try {
            return parse_scalar(declared.type, scalar_text(value));
        } catch (Error& error) {
            lexer_.fail_here(error.what());
        }
    }

    Value any_value(std::size_t depth) {
        return at_mark("{") ? array_value(depth) : scalar_value(depth);
    }

    Value scalar_value(std::size_t depth) {
        const MofToken& next = lexer_.peek();
        switch (next.word) {
            case MofWord::string:
                return take_string();
            case MofWord::number:
                return number();
            case MofWord::real:
                return parse_scalar(Type::real64, lexer_.take().text);
            case MofWord::character:
                return parse_scalar(Type::char16, lexer_.take().text);
            case MofWord::name:
                return word_value(depth);
            default:
                unexpected("a value");
        }
    }

    // sint64, or uint64 for what is beyond it.
    Value number() {
        const std::string text = lexer_.take().text;
        try {
            return parse_scalar(Type::sint64, text);
        } catch (const Error&) {
            return large_number(text);
        }
    }

    Value large_number(const std::string& text) {
        try {
            return parse_scalar(Type::uint64, text);
        } catch (const Error&) {
            lexer_.fail_here(text + " is no number that fits");
        }
    }

    Value word_value(std::size_t depth) {
        if (at_name("instance")) return instance(depth + 1);
        const std::string word = take_name();
        if (same_name(word, "true")) return true;
        if (same_name(word, "false")) return false;
        if (same_name(word, "null")) return {};
        lexer_.fail_here(word + " is no value");
    }

    Value array_value(std::size_t depth) {
        expect("{");
        std::vector<Value> elements;
        Type type = Type::string;
        bool typed = false;
        while (!at_mark("}")) {
            elements.push_back(scalar_value(depth));
            if (elements.size() > limits::array_elements_max)
                lexer_.fail_here("the array is too long");
            const Value& last = elements.back();
            if (!last.is_null()) {
                if (typed && last.type() != type) lexer_.fail_here("the array mixes types");
                type = last.type();
                typed = true;
            }
            if (!take_mark(",")) break;
        }
        expect("}");
        return Value::array(type, std::move(elements));
    }

    MofLexer lexer_;
};

class FileReader {
  public:
    FileReader(Schema& schema, const MofFiles& files) : schema_(schema), files_(files) {}

    void read(const std::string& name, std::size_t depth) {
        if (depth > limits::mof_include_depth_max) {
            fail(Code::invalid_parameter, "{}: files include one another too deeply", name);
        }
        if (!read_.insert(name).second) return;
        const std::string text = files_(name);
        Parser parser(name, text);
        while (!parser.at_end()) declaration(parser, name, depth);
    }

  private:
    void declaration(Parser& parser, const std::string& file, std::size_t depth) {
        if (parser.at_pragma()) {
            const auto [name, text] = parser.pragma();
            if (same_name(name, "include")) read(text, depth + 1);
            return;
        }
        if (parser.at_name("Qualifier")) return parser.qualifier_declaration();
        Qualifiers qualifiers = parser.qualifiers();
        if (!parser.at_name("class")) parser.unexpected("a class");
        try {
            schema_.add(parser.class_declaration(std::move(qualifiers)));
        } catch (Error& error) {
            if (error.code() == Code::exists) error.add_context(file);
            throw;
        }
    }

    Schema& schema_;
    const MofFiles& files_;
    std::set<std::string> read_;
};

}  // namespace

void read_mof(Schema& schema, const std::string& name, const MofFiles& files) {
    FileReader(schema, files).read(name, 0);
}

Instance read_mof_instance(std::string_view text) {
    if (text.size() > limits::embedded_text_bytes_max) {
        fail(Code::invalid_parameter, "an embedded instance has at most {} bytes",
             limits::embedded_text_bytes_max);
    }
    Parser parser("instance", text);
    parser.qualifiers();
    Instance result = parser.instance(0);
    if (!parser.at_end()) parser.unexpected("nothing behind the instance");
    return result;
}

}  // namespace reviver::cim
